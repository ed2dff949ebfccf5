-- SPDX-License-Identifier: MIT
-- permute.lua -- All permutations of an array by swapping.
local bench = dofile("bench.lua")
local Permutations = {}
Permutations.__index = Permutations
function Permutations:swap(i, j)
  local elements = self.elements
  elements[i], elements[j] = elements[j], elements[i]
end
function Permutations:permute(n)
  self.count = self.count + 1
  if n == 0 then return end
  self:permute(n - 1)
  for i = n, 1, -1 do
    self:swap(n, i)
    self:permute(n - 1)
    self:swap(n, i)
  end
end
bench("permute", 9, function(n)
  local elements = {}
  for i = 1, n do elements[i] = i end
  local permutations = setmetatable({count = 0, elements = elements}, Permutations)
  permutations:permute(n)
  return permutations.count
end)
