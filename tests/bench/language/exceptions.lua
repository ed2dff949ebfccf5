-- SPDX-License-Identifier: MIT
-- exceptions.lua -- Raising through two handlers.
local bench = dofile("bench.lua")
local low, high = 0, 0
local LowError, HighError = {}, {}
local function blow(i)
  if i % 2 == 0 then error({class = LowError, text = "low"}) end
  error({class = HighError, text = "high"})
end
local function catch_low(i)
  local ok, e = pcall(blow, i)
  if not ok then
    if e.class == LowError then low = low + 1 else error(e) end
  end
end
local function catch_high(i)
  local ok, e = pcall(catch_low, i)
  if not ok then
    if e.class == HighError then high = high + 1 else error(e) end
  end
end
bench("exceptions", 400000, function(n)
  for i = 1, n do catch_high(i) end
  return low + high
end)
