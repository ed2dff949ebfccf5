-- SPDX-License-Identifier: MIT
-- binary_trees.lua -- Making, walking and dropping trees.
local bench = dofile("bench.lua")
local function tree(n) if n == 0 then return {} end return {left = tree(n - 1), right = tree(n - 1)} end
local function check(t) if not t.left then return 1 end return check(t.left) + check(t.right) + 1 end
bench("binary_trees", 15, function(n)
  local long, sum = tree(n), 0
  for d = 4, n, 4 do
    for _ = 1, 1 << (n - d) do sum = sum + check(tree(d)) end
  end
  return sum + check(long)
end)
