import { afterEach, expect, test, vi } from "vitest";
import { fileOf } from "./file";

afterEach(() => vi.unstubAllGlobals());

test("a file that takes long is come back for, and says how far it is", async () => {
  const far = (read: number, of: number) => new Response(JSON.stringify({ read, of }), { status: 202 });
  const answers = [far(0, 0), far(29_489, 58_978), new Response("zip")];
  const fetched = vi.fn((_path: string, _options: RequestInit) => Promise.resolve(answers.shift() as Response));
  vi.stubGlobal("fetch", fetched);
  const heard: number[] = [];
  const file = await fileOf("GET /v1/evidence/{of}", { of: "momentum" }, (percent) => heard.push(percent));
  expect(await file.text()).toBe("zip");
  expect(heard).toEqual([0, 50]);
  expect(fetched.mock.calls.map(([path]) => path)).toEqual(Array(3).fill("/v1/evidence/momentum"));
  expect(new Headers(fetched.mock.calls[0]?.[1].headers).get("prefer")).toMatch(/^respond-async, wait=\d+$/);
});
