# Makes a cluster, starts and stops its server as standard input says, a word a line, and answers
# each word when it is done. The other end of standard input is the test process's, so that it
# closes when that process ends, even by SIGKILL; then the server ends too, and its folder goes.
# usage: sh -c "$(cat supervise.sh)" sh FOLDER PROGRAMS USER SETTING…
folder=$1
programs=$2
user=$3
shift 3
server=
# An answer that nobody is left to read must not end it before its work is done.
trap '' PIPE

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
        make)
            # A machine that loses power while a cluster is made makes another.
            "$programs/initdb" --pgdata=data --username="$user" --pwfile=password \
                --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync --no-instructions \
                </dev/null >>"$folder/log" 2>&1 || word=failed
            ;;
        start)
            "$programs/postgres" -D data "$@" </dev/null >>"$folder/log" 2>&1 &
            server=$!
            ;;
        stop) end INT ;;
        crash) end QUIT ;;
    esac
    echo "$word"
done
end QUIT
rm -rf "$folder"
