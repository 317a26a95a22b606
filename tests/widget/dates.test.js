import assert from "node:assert/strict";
import { test } from "node:test";

import {
  addDays,
  formatChip,
  hasOtherClock,
  formatCountdown,
  toDateKey,
  formatDay,
  formatTime,
  formatZone,
  formatPastDay,
} from "../../widget/dates.js";

const WARSAW = "Europe/Warsaw";

test("an instant is told on the business's wall, whatever offset it came with", () => {
  assert.equal(formatTime("2026-11-24T10:30:00+01:00", "pl", WARSAW), "10:30");
  assert.equal(formatTime("2026-11-24T09:30:00Z", "en", WARSAW), "10:30");
  assert.equal(formatTime("2026-11-24T09:30:00Z", "en", "America/New_York"), "04:30");
});

test("midnight is 00:00 of the new day", () => {
  assert.equal(formatTime("2026-11-23T23:00:00Z", "en", WARSAW), "00:00");
  assert.equal(toDateKey("2026-11-23T23:00:00Z", WARSAW), "2026-11-24");
  assert.equal(toDateKey("2026-11-23T22:59:59Z", WARSAW), "2026-11-23");
});

test("an hour that comes twice says its offset, both times, and its neighbours do not", () => {
  const instants = ["2026-10-24T23:59:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"];
  assert.deepEqual(
    instants.map((instant) => formatTime(instant, "pl", WARSAW)),
    ["01:59", "02:30 (GMT+02:00)", "02:30 (GMT+01:00)", "03:00"],
  );
});

test("the hour that the spring leaves out makes nothing ambiguous", () => {
  const instants = ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"];
  assert.deepEqual(
    instants.map((instant) => formatTime(instant, "pl", WARSAW)),
    ["01:30", "03:00", "03:30"],
  );
});

test("clocks that go back by other than an hour are told apart too", () => {
  assert.equal(formatTime("2026-04-04T14:45:00Z", "en", "Australia/Lord_Howe"), "01:45 (GMT+11:00)");
  assert.equal(formatTime("2026-04-04T15:15:00Z", "en", "Australia/Lord_Howe"), "01:45 (GMT+10:30)");
  assert.equal(formatTime("2026-11-01T06:30:00Z", "en", "America/New_York"), "01:30 (GMT-05:00)");
});

test("days are counted on the calendar, over months, years and changes of the clock, wherever the visitor is", (context) => {
  const { TZ } = process.env;
  context.after(() => {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });
  for (const zone of ["UTC", "Pacific/Auckland", "America/New_York"]) {
    process.env.TZ = zone;
    assert.equal(addDays("2026-11-30", 1), "2026-12-01", zone);
    assert.equal(addDays("2026-12-31", 1), "2027-01-01", zone);
    assert.equal(addDays("2028-02-28", 1), "2028-02-29", zone);
    assert.equal(addDays("2026-03-28", 2), "2026-03-30", zone);
    assert.equal(addDays("2026-10-24", 2), "2026-10-26", zone);
    assert.equal(addDays("2026-11-24", 0), "2026-11-24", zone);
  }
});

test("a day is told in the visitor's language", () => {
  assert.equal(formatDay("2026-11-24T10:00:00Z", "en", WARSAW), "Tuesday 24 November");
  assert.equal(formatDay("2026-11-24T10:00:00Z", "pl", WARSAW), "wtorek, 24 listopada");
  assert.deepEqual(formatChip("2026-11-24T10:00:00Z", "en", WARSAW), { weekday: "Tue", day: "24", month: "Nov" });
});

test("past days are told in words, where the visitor is", () => {
  const now = new Date(2026, 10, 24, 0, 30).getTime(); // A local time.
  assert.equal(formatPastDay(new Date(2026, 10, 24, 0, 10), "en", now), "Today");
  assert.equal(formatPastDay(new Date(2026, 10, 23, 23, 50), "pl", now), "Wczoraj");
  assert.equal(formatPastDay(new Date(2026, 10, 22, 23, 50), "de", now), "Sonntag, 22. November");
  assert.equal(formatPastDay(new Date(2025, 10, 22, 23, 50), "en", now), "Saturday, 22 November 2025");
  assert.equal(formatPastDay(new Date(2026, 10, 25, 10), "en", now), "Wednesday 25 November");
});

test("two zones differ only where their clocks do at that instant", () => {
  assert.equal(hasOtherClock("2026-11-24T10:00:00Z", WARSAW, "Europe/Paris"), false);
  assert.equal(hasOtherClock("2026-11-24T10:00:00Z", WARSAW, "Europe/London"), true);
  // New York changes its clocks three weeks before Warsaw: until then it is an hour nearer.
  assert.equal(hasOtherClock("2026-03-20T10:00:00Z", WARSAW, "Africa/Johannesburg"), true);
  assert.equal(hasOtherClock("2026-04-20T10:00:00Z", WARSAW, "Africa/Johannesburg"), false);
});

test("a zone is told by name and place", () => {
  assert.equal(formatZone("2026-11-24T10:00:00Z", "en", WARSAW), "Central European Standard Time, Europe/Warsaw");
  assert.equal(formatZone("2026-07-24T10:00:00Z", "en", WARSAW), "Central European Summer Time, Europe/Warsaw");
});

test("a countdown rounds up, and ends at zero", () => {
  const now = Date.parse("2026-11-24T10:00:00Z");
  assert.equal(formatCountdown("2026-11-24T10:04:05Z", now), "4:05");
  assert.equal(formatCountdown("2026-11-24T10:00:00.001Z", now), "0:01");
  assert.equal(formatCountdown("2026-11-24T10:00:00Z", now), null);
  assert.equal(formatCountdown("2026-11-24T09:00:00Z", now), null);
  assert.equal(formatCountdown("not a time", now), null);
});
