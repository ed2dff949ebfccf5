-- SPDX-License-Identifier: MIT
-- mandelbrot.lua -- The points of the Mandelbrot set: floats in temporaries.
local bench = dofile("bench.lua")
bench("mandelbrot", 400, function(n)
  local inside = 0
  for row = 0, n - 1 do
    local ci = 2.0 * row / n - 1.0
    for column = 0, n - 1 do
      local cr = 2.0 * column / n - 1.5
      local zr, zi, zrr, zii, i = 0.0, 0.0, 0.0, 0.0, 0
      while i < 50 and zrr + zii <= 4.0 do
        zi = 2.0 * zr * zi + ci
        zr = zrr - zii + cr
        zrr = zr * zr
        zii = zi * zi
        i = i + 1
      end
      if i == 50 then inside = inside + 1 end
    end
  end
  return inside
end)
