import * as library from "libphonenumber-js/min";
import { describe, expect, it } from "vitest";
import { parse, read, write } from "../src/admin/csv.ts";
import { check, isRepliable } from "../src/data/phone.ts";
import { NUMBER } from "./arrange.ts";

describe("a number that somebody types", () => {
  it.each([
    ["0422 222 222", "good", "+61422222222"],
    ["+61 422 222 222", "good", "+61422222222"],
    ["0061422222222", "good", "+61422222222"],
    ["+1 (202) 555-0101", "good", "+12025550101"],
    ["+49 30 901820", "good", "+4930901820"],
    ["0422 222", "odd", "+61422222"],
    ["19123", "code", "19123"],
    ["", "empty", null],
    ["+614", "short", null],
    ["0422", "short", null],
    ["+61 422 222 222 22222", "long", null],
    ["Ana", "invalid", null],
    ["+61<b>", "invalid", null],
  ])("%j is %s", (typed, verdict, e164) => {
    expect(check(typed, NUMBER, library)).toMatchObject({ verdict, e164 });
  });

  it("can be texted where it is a number or a short code, not where it is a name", () => {
    expect(["+61422222222", "19123", "SHOP", "<img src=x>"].map(isRepliable)).toEqual([true, true, false, false]);
  });
});

describe("numbers as CSV", () => {
  const one = {
    number: NUMBER,
    label: 'Sales, "front" desk',
    extensions: ["101", "102"],
    emails: ["sales@example.com"],
    enabled: false,
  };

  it("come back as they went out", () => {
    expect(read(write([one]))).toEqual({ numbers: [one], faults: [] });
  });

  it("hold no formula that a spreadsheet would run", () => {
    const text = write([{ ...one, label: "=HYPERLINK(1)" }]);

    expect(text).toContain("'=HYPERLINK");
    expect(read(text).numbers[0]?.label).toBe("=HYPERLINK(1)");
  });

  it("are read as spreadsheets of other countries write them", () => {
    const text = "\uFEFFNumber;Extensions\r\n+61 411 111 111;101 102\r\n\r\n";

    expect(read(text).numbers).toEqual([
      { number: NUMBER, label: "", extensions: ["101", "102"], emails: [], enabled: true },
    ]);
  });

  it("say which line is wrong", () => {
    const found = read(
      `number,label,extensions,enabled\n${NUMBER},a,101,yes\n0411,b,101,yes\n${NUMBER},c,,yes\n${NUMBER},d,1,maybe`,
    );

    expect(found.faults.map((fault) => fault.line)).toEqual([3, 4, 5]);
    expect(read("name\nx").faults).toHaveLength(1);
  });

  it("may hold lines within quotes", () => {
    expect(parse('a,"b\nc",""\n1,"2""",3')).toEqual([
      ["a", "b\nc", ""],
      ["1", '2"', "3"],
    ]);
  });
});
