-- SPDX-License-Identifier: MIT
-- recursion.lua -- Deep recursion over a linked list.
local bench = dofile("bench.lua")
local Cell = {}
Cell.__index = Cell
local function cell(value, next) return setmetatable({value = value, next = next}, Cell) end
function Cell:sum()
  if not self.next then return self.value end
  return self.next:sum() + self.value
end
function Cell:reversed(onto)
  local new = cell(self.value, onto)
  if not self.next then return new end
  return (self.next:reversed(new))
end
function Cell:map(f) return cell(f(self.value), self.next and self.next:map(f)) end
bench("recursion", 50, function(n)
  local list, sum = nil, 0
  for i = 1, 10000 do list = cell(i, list) end
  for _ = 1, n do sum = sum + list:sum() + list:reversed():sum() + list:map(function(x) return x + 1 end):sum() end
  return sum
end)
