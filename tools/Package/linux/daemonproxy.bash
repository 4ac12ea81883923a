# Completion of daemonproxy for bash (bash-completion, or sourced from ~/.bashrc). The program knows its own words; where it has none, a file is meant.
_daemonproxy() {
    local word=${COMP_WORDS[COMP_CWORD]} line=${COMP_LINE:0:COMP_POINT} found=()
    line=${line#"${line%%[![:space:]]*}"}
    line=${line#"${line%%[[:space:]]*}"}
    line=${line#"${line%%[![:space:]]*}"}
    mapfile -t found < <("$1" "[suggest:${#line}]" "$line" 2>/dev/null)
    COMPREPLY=()
    local each
    for each in "${found[@]}"; do
        # Options are for a word that begins as one; names that only contain the word are no way to go on.
        if [[ -n $each && $each == "$word"* && ( $word == -* || $each != [-/]* ) ]]; then COMPREPLY+=("$each"); fi
    done
}
complete -o bashdefault -o default -F _daemonproxy daemonproxy
