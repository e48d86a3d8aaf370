import { screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { show } from "../testing/show";
import { Secret } from "./Secret";

it("copies a secret, and selects it where the browser gives no clipboard", async () => {
  const { user } = show(<Secret label="The token" value="remit_x" />);
  await user.click(screen.getByRole("button", { name: "Copy" }));
  await screen.findByText("Copied.");
  expect(await navigator.clipboard.readText()).toBe("remit_x");
  vi.spyOn(navigator.clipboard, "writeText").mockRejectedValue(new Error("no"));
  await user.click(screen.getByRole("button", { name: "Copy" }));
  await screen.findByText("Selected: copy it with your keyboard.");
  const field = screen.getByLabelText<HTMLInputElement>("The token");
  expect([field.selectionStart, field.selectionEnd]).toEqual([0, 7]);
  vi.restoreAllMocks();
});
