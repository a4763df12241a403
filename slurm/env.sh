# What differs from one cluster to the next; slurm/*.sbatch read it on the compute node. To hand account and partition
# to sbatch itself, read it once in the shell that submits: . slurm/env.sh

# Modules and accounts of the cluster, for example:
# module load gcc openmpi hdf5 gdal
# export SBATCH_ACCOUNT=project SBATCH_PARTITION=gpu

# The program; everything it needs was built by jobs/setup on a node with the same processors.
: "${FEDORBIT_BIN:=build/fedorbit}"

# How srun starts MPI programs (`srun --mpi=list` names what the cluster has), and what else srun is told.
# A rank that dies ends the whole step instead of leaving the others waiting.
FEDORBIT_SRUN=(--mpi=pmix --kill-on-bad-exit=1)
# How ranks that start wait for each other. By Slurm's own choice, `mixed`, some go on before all have come, and one
# start in forty ends with a segmentation fault inside MPI_Init (Slurm 22.05, Open MPI 4.1, four nodes).
export SLURM_PMIX_FENCE=tree

# How often one job may put itself back into the queue after an interruption.
: "${FEDORBIT_REQUEUES:=1}"

# One thread a rank: more ranks use the cores better, and results depend on the number of threads.
export OMP_NUM_THREADS=1
# A disk of the node, for what clients keep beyond machine.client_memory, where the cluster does not set it for a job:
# export TMPDIR=/local/$SLURM_JOB_ID
# export HDF5_USE_FILE_LOCKING=FALSE   # where the parallel file system has no locks
