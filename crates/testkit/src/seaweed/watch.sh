# Becomes the server, and leaves a watcher that ends it: standard input is a pipe whose other end
# the test process holds, so that it closes when that process ends, even by SIGKILL.
# usage: sh -c "$(cat watch.sh)" sh DATA_FOLDER LOG COMMAND…
data=$1
log=$2
shift 2
exec 3<&0 </dev/null >"$log" 2>&1
{
    cat <&3 >/dev/null
    kill -KILL "$$"
    rm -rf "$data"
    for port in $DTM_GRPC_PORTS; do
        rm -f /tmp/seaweedfs-*-grpc-"$port".sock
    done
} &
exec 3<&-
exec "$@"
