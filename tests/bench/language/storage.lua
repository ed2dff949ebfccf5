-- SPDX-License-Identifier: MIT
-- storage.lua -- A tree of arrays of different sizes.
local bench = dofile("bench.lua")
local Storage = {}
Storage.__index = Storage
function Storage:next() self.seed = (self.seed * 1309 + 13849) & 65535 return self.seed end
function Storage:tree(depth)
  self.count = self.count + 1
  if depth == 1 then
    local leaf = {}
    for i = 1, self:next() % 10 + 1 do leaf[i] = false end
    return leaf
  end
  local array = {}
  for i = 1, 4 do array[i] = self:tree(depth - 1) end
  return array
end
bench("storage", 100, function(n)
  local storage = setmetatable({seed = 74755, count = 0}, Storage)
  for _ = 1, n do storage:tree(7) end
  return storage.count
end)
