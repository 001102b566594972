#!/usr/bin/env bash
# Ends a cluster, and lists what still costs money afterwards:   tear-down.sh CLUSTER REGION [--delete]
# Without --delete it only lists.
set -euo pipefail
if [ $# -lt 2 ] || { [ $# = 3 ] && [ "$3" != --delete ]; } || [ $# -gt 3 ]; then
  echo "usage: tear-down.sh CLUSTER REGION [--delete]" >&2
  exit 2
fi
cluster=$1 region=$2
if [ "${3:-}" = --delete ]; then
  pcluster delete-cluster --cluster-name "$cluster" --region "$region"
  echo "deleting takes some ten minutes; pcluster describe-cluster --cluster-name $cluster --region $region shows how far it is"
fi
tag=parallelcluster:cluster-name
echo "machines of $cluster:"
aws ec2 describe-instances --region "$region" --filters "Name=tag:$tag,Values=$cluster" "Name=instance-state-name,Values=pending,running,stopping,stopped" \
  --query 'Reservations[].Instances[].[InstanceId,InstanceType,State.Name]' --output text
echo "volumes:"
aws ec2 describe-volumes --region "$region" --filters "Name=tag:$tag,Values=$cluster" --query 'Volumes[].[VolumeId,Size,State]' --output text
echo "file systems (the Efs one is kept on purpose; delete it when its results are copied):"
aws efs describe-file-systems --region "$region" --query "FileSystems[?Tags[?Key=='$tag' && Value=='$cluster']].[FileSystemId,SizeInBytes.Value]" --output text
aws fsx describe-file-systems --region "$region" --query "FileSystems[?Tags[?Key=='$tag' && Value=='$cluster']].[FileSystemId,StorageCapacity,Lifecycle]" --output text
echo "addresses that are held:"
aws ec2 describe-addresses --region "$region" --filters "Name=tag:$tag,Values=$cluster" --query 'Addresses[].[AllocationId,PublicIp]' --output text
echo "not listed: the S3 bucket, logs in CloudWatch (14 days), and a NAT gateway of your network, which costs by the hour while it is there"
