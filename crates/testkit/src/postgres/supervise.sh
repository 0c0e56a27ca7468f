# Starts and stops the server as standard input says, a word a line, and answers each word when it
# is done. The other end of standard input is the test process's, so that it closes when that
# process ends, even by SIGKILL; then the server ends too, and its folder goes.
# usage: sh -c "$(cat supervise.sh)" sh FOLDER COMMAND…
folder=$1
shift
server=

# PostgreSQL: INT ends it in order, QUIT at once.
end() {
    if [ -n "$server" ]; then
        kill "-$1" "$server"
        wait "$server"
        server=
    fi
}

while read -r word; do
    case $word in
        start)
            "$@" </dev/null >>"$folder/log" 2>&1 &
            server=$!
            ;;
        stop) end INT ;;
        crash) end QUIT ;;
    esac
    echo "$word"
done
end QUIT
rm -rf "$folder"
