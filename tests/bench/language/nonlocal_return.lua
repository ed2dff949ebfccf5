-- SPDX-License-Identifier: MIT
-- nonlocal_return.lua -- Searches that return out of the block of an enumeration: here a function that is told to stop.
local bench = dofile("bench.lua")
local function each(array, f)
  for i = 1, #array do
    local found = f(array[i])
    if found then return found end
  end
end
local Finder = {}
Finder.__index = Finder
function Finder:find(x)
  return each(self.rows, function(row) return each(row, function(e) if e == x then return #row * 1000 + e end end) end) or 0
end
bench("nonlocal_return", 100000, function(n)
  local rows, sum = {}, 0
  for i = 0, 4 do
    rows[i + 1] = {}
    for j = 1, 5 do rows[i + 1][j] = i * 5 + j end
  end
  local finder = setmetatable({rows = rows}, Finder)
  for i = 1, n do sum = sum + finder:find(i % 25 + 1) end
  return sum
end)
