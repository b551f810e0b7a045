const std = @import("std");
const money = @import("money.zig");

pub const limit: usize = 3;
var count: u32 = 0;

/// Sold.
pub const Item = struct {
    price: u32,
    name: []const u8,

    pub fn sell(self: *Item, amount: u32) !u32 {
        const total = self.price * amount;
        for (self.parts) |part| {
            check(part, limit);
        }
        return money.round(total);
    }
};

const Level = enum { low, high };

fn check(part: Part, most: usize) void {
    std.debug.print("{}", .{ part, most });
}

test "sells" {
    _ = check;
}
