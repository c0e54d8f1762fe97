#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of leaves.sh: leaf-poison with the words of the file arguments.
# shellcheck disable=SC2046 # words
./leaf-poison $(cat arguments) >"$GUEST_OUT/answer"
