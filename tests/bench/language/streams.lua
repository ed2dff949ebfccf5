-- SPDX-License-Identifier: MIT
-- streams.lua -- Reading text character by character and line by line, writing another.
local bench = dofile("bench.lua")
bench("streams", 20, function(n)
  local parts, sum = {}, 0
  for i = 1, 2000 do parts[#parts + 1] = "name" .. i .. " = " .. i * i .. "\n" end
  local text = table.concat(parts)
  for _ = 1, n do
    local out = {}
    for i = 1, #text do
      local c = text:sub(i, i)
      if c >= "0" and c <= "9" then sum = sum + (c:byte() - 48) end
      out[#out + 1] = c:upper()
    end
    local upper, at, lines = table.concat(out), 1, 0
    while at <= #upper do
      local nl = upper:find("\n", at, true)
      local line = upper:sub(at, nl - 1)
      local equals = line:find("=", 1, true)
      sum = sum + equals - 1
      local i = line:find("%S", equals + 1)
      while i <= #line and line:sub(i, i):match("%d") do i = i + 1 sum = sum + 1 end
      lines = lines + 1
      at = nl + 1
    end
    sum = sum + lines
  end
  return sum
end)
