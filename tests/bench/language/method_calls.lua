-- SPDX-License-Identifier: MIT
-- method_calls.lua -- Methods, inherited and overridden, that change an instance variable.
local bench = dofile("bench.lua")
local Toggle = {}
Toggle.__index = Toggle
function Toggle.start(class, state) return setmetatable({state = state}, class) end
function Toggle:value() return self.state end
function Toggle:activate() self.state = not self.state; return self end
local NthToggle = setmetatable({}, {__index = Toggle})
NthToggle.__index = NthToggle
function NthToggle:limitTo(limit) self.limit, self.counter = limit, 0; return self end
function NthToggle:activate()
  self.counter = self.counter + 1
  if self.counter >= self.limit then Toggle.activate(self); self.counter = 0 end
  return self
end
bench("method_calls", 2000000, function(n)
  local toggle, value = Toggle.start(Toggle, true)
  for _ = 1, n do value = toggle:activate():value() end
  local nth = Toggle.start(NthToggle, true):limitTo(3)
  for _ = 1, n do value = nth:activate():value() end
  return value
end)
