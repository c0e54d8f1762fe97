#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of reload-kvm.sh: stay.
sleep 100000
