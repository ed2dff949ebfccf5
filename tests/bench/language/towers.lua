-- SPDX-License-Identifier: MIT
-- towers.lua -- The towers of Hanoi on linked disks: instance variables and recursion.
local bench = dofile("bench.lua")
local Towers = {}
Towers.__index = Towers
function Towers:push(disk, pile)
  local top = self.piles[pile]
  if top and disk.size >= top.size then error("a larger disk cannot lie on a smaller one") end
  disk.below = top
  self.piles[pile] = disk
end
function Towers:pop(pile)
  local top = self.piles[pile]
  self.piles[pile] = top.below
  top.below = nil
  return top
end
function Towers:moveTop(source, target) self:push(self:pop(source), target) self.moves = self.moves + 1 end
function Towers:move(disks, source, target)
  if disks == 1 then return self:moveTop(source, target) end
  local other = 6 - source - target
  self:move(disks - 1, source, other)
  self:moveTop(source, target)
  self:move(disks - 1, other, target)
end
bench("towers", 18, function(n)
  local towers = setmetatable({piles = {}, moves = 0}, Towers)
  for i = n, 1, -1 do towers:push({size = i}, 1) end
  towers:move(n, 1, 2)
  return towers.moves
end)
