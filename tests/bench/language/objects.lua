-- SPDX-License-Identifier: MIT
-- objects.lua -- Making objects with two and four instance variables.
local bench = dofile("bench.lua")
local Pair = {}
Pair.__index = Pair
function Pair.new(class, x, y) return setmetatable({a = x, b = y}, class) end
local Quad = setmetatable({}, {__index = Pair})
Quad.__index = Quad
function Quad:set(x, y) self.c, self.d = x, y; return self end
bench("objects", 2000000, function(n)
  local pair, quad
  for i = 1, n do pair = Pair.new(Pair, i, getmetatable(pair)) end
  for i = 1, n do quad = Pair.new(Quad, i, nil):set(i, i) end
  return quad.a
end)
