import { describe, expect, it } from "vitest";
import { brief, compare, difference, exact, grouped, isDecimal, outward, percent, placesApart, priced, rounded, sign, sum, text } from "./decimal";

describe("exact numbers", () => {
  it.each(["0", "1", "-1", "0.000000000000000001", "-123456789012345678901234.5", "101.5"])("%s comes back as it went in", (given) => {
    expect(text(exact(given))).toBe(given);
  });
  it.each(["", "1.", ".5", "1e3", "+1", "1,000", "0.0000000000000000001", "NaN", " 1"])("%j is no decimal", (given) => {
    expect(isDecimal(given)).toBe(false);
    expect(() => exact(given)).toThrow(RangeError);
  });
  it("sums and compares what a float would not", () => {
    expect(sum(["0.1", "0.2"])).toBe("0.3");
    expect(compare("9007199254740993", "9007199254740992")).toBe(1);
    expect(compare("1.10", "1.1")).toBe(0);
    expect(difference("100", "100.000000000000000001")).toBe("-0.000000000000000001");
    expect([sign("-0.1"), sign("0"), sign("2")]).toEqual([-1, 0, 1]);
  });
});

describe("for the eye", () => {
  it.each([["1234567.891", "1,234,567.891"], ["-1000", "-1,000"], ["999", "999"], ["10/min", "10/min"]])("%s is grouped as %s", (given, shown) => {
    expect(grouped(given)).toBe(shown);
  });
  it.each([["2.345", 2, "2.35"], ["-2.345", 2, "-2.35"], ["-0.001", 2, "0.00"], ["0.999", 0, "1"], ["99934.063428", 2, "99934.06"]])("%s at %i places is %s", (given, places, shown) => {
    expect(rounded(given, places)).toBe(shown);
  });

  it("rounds away from zero, so that a breach stays visible", () => {
    expect(["500.0001", "500", "-0.001", "501.46"].map((one) => outward(one, 2))).toEqual(["500.01", "500.00", "-0.01", "501.46"]);
  });
  it("takes as many places as it needs to tell two numbers apart, and a number from zero", () => {
    expect(placesApart("500", ["500"], 2)).toBe(2);
    expect(placesApart("500.004", ["500"], 2)).toBe(3);
    expect(placesApart("499.999999", ["500", null], 2)).toBe(6);
    expect(placesApart("0.0000004", [], 2)).toBe(7);
    expect([brief("0.0000004"), priced("0.00000042"), brief("-0.000000001"), brief("0.001")]).toEqual(["0.0000004", "0.00000042", "−0.000000001", "0.001"]);
  });
  it.each([["1.083412", "1.08341"], ["0.43710000", "0.4371"], ["356.927777", "356.928"], ["64012.123456", "64,012.12"], ["24.5", "24.50"], ["23", "23.00"], ["none", "none"]])("%s is a price of %s", (given, shown) => {
    expect(priced(given)).toBe(shown);
  });
  it.each([["528.2798878", "528.28"], ["3", "3"], ["1500.5", "1,500.5"], ["10/min", "10/min"], ["-7.5", "−7.5"], ["0.000312", "0.000312"], ["0.5000", "0.50"]])("%s is in brief %s", (given, shown) => {
    expect(brief(given)).toBe(shown);
  });
  it("counts percent upwards, so that a full limit never looks free", () => {
    expect(percent("499.999", "500")).toBe(100);
    expect(percent("0.0001", "500")).toBe(1);
    expect(percent("0", "500")).toBe(0);
    expect(percent("501", "500")).toBe(101);
    expect(percent("1", "0")).toBeNull();
  });
});
