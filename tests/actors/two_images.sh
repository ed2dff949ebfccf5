#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# two_images.sh ATOLL -- two programs with different definitions of one class, side by side in one process.
set -euo pipefail
atoll=$(realpath "$1")
examples=$(realpath "$(dirname "$0")/../../examples")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
"$atoll" build "$examples/two_images_shop.st" -o shop.image
timeout 60 "$atoll" run "$examples/two_images.st" >found 2>&1 || true
cat >expected <<'EOF'
an item of the program
42
an instance of a class that is not here: Voucher
an instance of a class that is not here: Secret
42
EOF
diff -u expected found
echo "two images: passed"
