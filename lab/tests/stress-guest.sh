#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guests of stress.sh: the file "storm" has the words for exit-storm.
read -r words <storm
echo "storm $words"
# shellcheck disable=SC2086 # a list
exec ./exit-storm $words
