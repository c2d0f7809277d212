#!/bin/sh
# SPDX-License-Identifier: MIT
#SBATCH --array=0-15 --requeue
# Counts the ERRORs of one piece of the file $1, in the content that the word $2 names.
piece=/run/bigfs/$SLURM_JOB_ID/$1/lines@n16,pin=$2/$SLURM_ARRAY_TASK_ID
result=$SLURM_JOB_NAME.$SLURM_ARRAY_TASK_ID
# A result is there whole or not at all, however often a task starts anew.
if grep -c ERROR "$piece" >"$result.$SLURMD_NODENAME" || [ $? = 1 ]; then
    mv "$result.$SLURMD_NODENAME" "$result.count"
elif LC_ALL=C stat "$piece" 2>&1 | grep -q 'Stale file handle'; then
    scancel "$SLURM_ARRAY_JOB_ID" # the content is gone: the other tasks need not start
    exit 1
else
    exit 1
fi
