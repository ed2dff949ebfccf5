-- SPDX-License-Identifier: MIT
-- perform.lua -- Messages whose names are known only when they are sent.
local bench = dofile("bench.lua")
local Robot = {}
Robot.__index = Robot
function Robot:north() self.y = self.y + 1 end
function Robot:south() self.y = self.y - 1 end
function Robot:east() self.x = self.x + 1 end
function Robot:west(n) self.x = self.x - n end
function Robot:place() return self.x * 1000 + self.y end
bench("perform", 2000000, function(n)
  local robot, names, west = setmetatable({x = 0, y = 0}, Robot), {"north", "north", "east", "south", "east"}, "west"
  for i = 1, n do
    robot[names[i % 5 + 1]](robot)
    robot[west](robot, 1)
  end
  return robot:place()
end)
