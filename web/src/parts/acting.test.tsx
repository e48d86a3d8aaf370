import { screen, within } from "@testing-library/react";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import { show } from "../testing/show";
import { Button } from "./Button";
import { Confirm } from "./Confirm";
import { Dialog } from "./Dialog";
import { Choice, Field } from "./Field";
import { Page, Section } from "./Page";
import { Table, type Column } from "./Table";
import { toast, Toasts } from "./Toast";

describe("a page", () => {
  it("names the window, and its title takes the focus where one came from elsewhere", () => {
    show(<Page title="Halts"><Section title="In force">none</Section></Page>, { at: "/halts" });
    expect(document.title).toBe("Halts · Remit");
    expect(document.activeElement).toBe(screen.getByRole("heading", { name: "Halts" }));
    screen.getByRole("region", { name: "In force" });
  });
});

describe("a button", () => {
  it("is pressed once while something is under way, and keeps the focus", async () => {
    const pressed = vi.fn();
    const { user } = show(<Button busy onClick={pressed}>Go</Button>);
    await user.click(screen.getByRole("button"));
    expect(pressed).not.toHaveBeenCalled();
    expect(document.activeElement).toBe(screen.getByRole("button"));
  });
});

describe("a field", () => {
  it("belongs to its label, its hint and its fault", () => {
    show(<Field label="Limit" hint="in USD" fault="Not a decimal." />);
    const input = screen.getByLabelText("Limit");
    const described = (input.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent);
    expect([described, input.getAttribute("aria-invalid")]).toEqual([["in USD", "Not a decimal."], "true"]);
  });
  it("offers a few to choose from", async () => {
    const chosen = vi.fn();
    const { user } = show(<Choice label="Scope" of={[["firm", "The firm"], ["agent", "An agent"]]} onChange={(event) => chosen(event.target.value)} />);
    await user.selectOptions(screen.getByLabelText("Scope"), "agent");
    expect(chosen).toHaveBeenCalledWith("agent");
  });
});

function Opening() {
  const [open, setOpen] = useState(false);
  return <><Button onClick={() => setOpen(true)}>Open</Button><Dialog open={open} onClose={() => setOpen(false)} title="More">inside</Dialog></>;
}

it("a dialog opens with its title and closes by its button", async () => {
  const { user } = show(<Opening />);
  await user.click(screen.getByRole("button", { name: "Open" }));
  within(screen.getByRole("dialog", { name: "More" })).getByText("inside");
  await user.click(screen.getByRole("button", { name: "Close" }));
  expect(screen.queryByText("inside")).toBeNull();
});

describe("a typed confirmation", () => {
  const asked = (done: (why: string) => void) => (
    <Confirm open onClose={() => undefined} title="Kill agent rogue" typed="agent:rogue" act="Kill" onConfirm={done}>It cancels whatever works.</Confirm>
  );
  it("does nothing before the very word is typed", async () => {
    const done = vi.fn();
    const { user } = show(asked(done));
    await user.type(screen.getByLabelText("To confirm, type agent:rogue"), "agent rogue");
    await user.type(screen.getByLabelText("Why"), "it loops");
    await user.click(screen.getByRole("button", { name: "Kill" }));
    screen.getByText("Type agent:rogue, exactly as it stands.");
    expect(done).not.toHaveBeenCalled();
  });
  it("hands on the reason", async () => {
    const done = vi.fn();
    const { user } = show(asked(done));
    await user.type(screen.getByLabelText("To confirm, type agent:rogue"), "agent:rogue");
    await user.type(screen.getByLabelText("Why"), " it loops ");
    await user.click(screen.getByRole("button", { name: "Kill" }));
    expect(done).toHaveBeenCalledExactlyOnceWith("it loops");
  });
});

describe("a table", () => {
  const columns: Column<number>[] = [
    { head: "Name", names: true, cell: (row) => `row ${row}` },
    { head: "Worth", number: true, cell: (row) => row * 2 },
  ];
  it("names its rows and its columns", () => {
    show(<Table label="Rows" columns={columns} rows={[1, 2]} keyOf={(row) => row} />);
    expect(screen.getAllByRole("columnheader").map(({ textContent }) => textContent)).toEqual(["Name", "Worth"]);
    expect(screen.getAllByRole("rowheader").map(({ textContent }) => textContent)).toEqual(["row 1", "row 2"]);
  });
  it("holds of many rows only those in sight, and says how many there are", () => {
    show(<Table label="Rows" columns={columns} rows={Array.from({ length: 10_000 }, (_, row) => row)} keyOf={(row) => row} />);
    expect(screen.getByRole("table").getAttribute("aria-rowcount")).toBe("10001");
    expect(screen.getAllByRole("row", { hidden: true }).length).toBeLessThan(200);
  });
});

it("a toast is read aloud, and goes", async () => {
  vi.useFakeTimers();
  show(<Toasts />);
  const { act } = await import("@testing-library/react");
  act(() => toast("Paused."));
  expect(screen.getByRole("status").textContent).toBe("Paused.");
  act(() => { vi.advanceTimersByTime(7000); });
  expect(screen.getByRole("status").textContent).toBe("");
});
