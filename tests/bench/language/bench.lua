-- SPDX-License-Identifier: MIT
-- bench.lua -- runs the body of a benchmark and prints its line, as Bench class>>language:n:do: does in bench.st.
return function(name, default, body)
  local n = tonumber(arg[1]) or default
  local start = os.clock()
  local answer = body(n)
  local cpu = os.clock() - start
  print(string.format("bench=%s lang=lua n=%d seconds=%.3f ns_per_op=%.3f cpu_s=%.3f rss_kb=0 answer=%s", name, n, cpu, cpu / n * 1e9, cpu, answer))
end
