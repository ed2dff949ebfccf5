-- SPDX-License-Identifier: MIT
-- unwinding.lua -- A to-be-closed variable and pcall around what returns normally, and around what raises.
local bench = dofile("bench.lua")
local Resource = {}
Resource.__index = Resource
function Resource:use(i)
  self.open = self.open + 1
  local guard <close> = setmetatable({}, {__close = function() self.closed = self.closed + 1 end})
  if i % 10 == 0 then error({message = "tenth"}) end
  return i
end
function Resource:try(i)
  local ok, value = pcall(function() return self:use(i) end)
  return ok and value or 0
end
bench("unwinding", 200000, function(n)
  local resource, sum = setmetatable({open = 0, closed = 0}, Resource), 0
  for i = 1, n do sum = sum + resource:try(i) end
  return sum + resource.closed
end)
