#!/usr/bin/env bash
set -euo pipefail
source ./lib/money.sh
. "$HOME/.shop"

LIMIT=3
export RATE=2
readonly NAMES=(a b)

# Sells one.
sell() {
  local price=$1 count
  count=$(weigh "$price")
  for part in "${NAMES[@]}"; do
    check "$part" || report "${LIMIT}"
  done
  echo "$((count + RATE))"
}

function close {
  sell 1 | grep -q x
  exec helper --now
}

alias buy='sell 2'
close "$@"
