#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guests of scope.sh: a file a or b has the number of hypercalls to make
# and the number to see.
set -e
for file in a b; do
	[ ! -e $file ] || read -r count until <$file
done
./exit-storm vmcall "$count" --until "$until"
