#!/bin/sh
# A rank that fails ends the job on all ranks: non-zero, soon, and with one sentence.
# Usage: failure_test.sh MPIEXEC PROGRAM
mpiexec=$1
program=$2
failed=0

# expect RANKS HOW PATTERN: on RANKS ranks that fail as HOW says, one line of what is printed matches PATTERN from its
# start, and no other line speaks of a failure.
expect() {
  if [ "$1" = alone ]; then
    said=$(timeout 20 "$program" "$2" 2>&1)
  else
    said=$(timeout 20 "$mpiexec" --oversubscribe --bind-to none -n "$1" "$program" "$2" 2>&1)
  fi
  code=$?
  lines=$(printf '%s\n' "$said" | grep -cE 'planted failure|every rank must|is invalid|frame #')
  right=$(printf '%s\n' "$said" | grep -cE "^$3")
  if [ $code -eq 0 ] || [ $code -eq 124 ] || [ "$lines" -ne 1 ] || [ "$right" -ne 1 ]; then
    printf 'FAILED: %s ranks, %s: exit code %s, %s sentences, %s of them right:\n%s\n' \
      "$1" "$2" "$code" "$lines" "$right" "$said"
    failed=1
  else
    printf 'fine: %s ranks, %s: exit code %s\n' "$1" "$2" "$code"
  fi
}

expect 3 last 'rank 2: a planted failure of the last\.'
expect 3 root 'a planted failure of the root\.'
expect 3 everyone 'a planted failure of everyone\.'
expect 3 early 'a planted failure before the ranks met\.'
expect 3 size 'rank 1 called all_reduce \(sum\) of 2 float32 values while rank 0 called all_reduce \(sum\) of 1 float32 value'
expect 2 torch "shape '\[3\]' is invalid for input of size 2"
expect alone everyone 'a planted failure of everyone\.'
expect alone early 'a planted failure before the ranks met\.'
"$program" nobody >/dev/null || { echo 'FAILED: a job in which nobody fails'; failed=1; }
exit $failed
