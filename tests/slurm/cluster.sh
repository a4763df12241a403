# A real Slurm cluster on this machine, in one folder: a munged, a slurmctld and four slurmd on ports of their own.
# Source it; start_cluster FOLDER leaves sinfo, sbatch and srun talking to it, stop_cluster ends all of it.

cluster_processes=()

start_cluster() {
  local folder=$1 user host port node
  user=$(id -un) host=$(hostname -s)
  # Eleven ports in a row below the range that the system hands out; two clusters at once are unlikely to meet.
  port=$((15000 + RANDOM % 1500 * 11))
  mkdir -p "$folder"/{state,munge,n1,n2,n3,n4}
  chmod 755 "$folder" "$folder/munge"

  (umask 077 && head -c 1024 /dev/urandom > "$folder/munge/key")
  local munge=(--key-file="$folder/munge/key" --socket="$folder/munge/socket" --pid-file="$folder/munge/pid"
    --log-file="$folder/munge/log" --seed-file="$folder/munge/seed")
  munged --force --foreground "${munge[@]}" > "$folder/munge/out" 2>&1 &
  cluster_processes+=($!)
  wait_until 10 test -S "$folder/munge/socket" || { cat "$folder/munge/out" "$folder/munge/log"; return 1; }

  cat > "$folder/slurm.conf" <<CONF
ClusterName=fedorbit
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/%n.log
TmpFS=$folder/%n
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0
MpiDefault=pmix
ReturnToService=2
KillWait=60
NodeName=n[1-4] NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1))-$((port + 4)) CPUs=8 State=UNKNOWN
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
PartitionName=test Nodes=n[1-4] Default=YES MaxTime=10 State=UP
PartitionName=urgent Nodes=n[1-4] PriorityTier=2 MaxTime=10 State=UP
CONF
  # Containers may have no control groups to give; before 24.05 the least that slurmd accepts is cgroup/v1.
  local groups=disabled
  if [[ $(slurmd -V) =~ \ 2[0-3]\. ]]; then groups=cgroup/v1; fi
  echo "CgroupPlugin=$groups" > "$folder/cgroup.conf"
  export SLURM_CONF=$folder/slurm.conf

  slurmctld -D -i -f "$SLURM_CONF" > "$folder/slurmctld.out" 2>&1 &
  cluster_processes+=($!)
  for node in n1 n2 n3 n4; do
    slurmd -D -N "$node" -f "$SLURM_CONF" > "$folder/$node.out" 2>&1 &
    cluster_processes+=($!)
  done
  wait_until 30 all_idle || { sinfo; tail -n 5 "$folder"/*.out "$folder"/*.log; return 1; }
}

all_idle() { [[ $(sinfo -h -N -p test -t idle -o %N 2> /dev/null | wc -l) == 4 ]]; }

# Repeats a command, silently, until it succeeds or so many seconds have passed.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" > /dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.5
  done
}

stop_cluster() {
  # Last started, first stopped; whatever does not go by itself is killed.
  local index process
  if [[ -n ${SLURM_CONF:-} ]]; then scancel --user="$(id -un)" > /dev/null 2>&1 || true; fi
  for ((index = ${#cluster_processes[@]} - 1; index >= 0; --index)); do
    process=${cluster_processes[index]}
    kill "$process" 2> /dev/null || continue
    wait_until 5 eval "! kill -0 $process" || kill -KILL "$process" 2> /dev/null || true
    wait "$process" 2> /dev/null || true
  done
  cluster_processes=()
}
