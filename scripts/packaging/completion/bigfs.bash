# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of bigfs for bash. For names in a mount that can be opened but are not listed, such as
# lines@n16/ or pin, with other commands too, put this into ~/.bashrc:
#
#     source /usr/share/bash-completion/completions/bigfs
#     complete -o bashdefault -o default -o nospace -F _bigfs_names cat grep head ls tail wc

_bigfs_options='--chunk-size= --rows= --min-size= --views= --header --header= --format= --record=
    --index-dir= --index-space= --window-size= --window-total= --decode-memory= --cache= --extents=
    --threads= --log-level= --foreground --debug --index --list --json --unmount --help --help=all
    --version -f -d -o -h -V'
# With -o, which also takes mount options.
_bigfs_mount_options='chunk_size= rows= min_size= views= header header= format= record= index_dir=
    index_space= window_size= window_total= decode_memory= cache= extents= threads= log_level=
    foreground debug allow_other allow_root fsname= noexec noatime'

# Splits the line before the cursor into `words`. The last one is what is completed.
_bigfs_split() {
    local line=${COMP_LINE:0:COMP_POINT}
    local pattern='^[[:space:]]*(([^][:space:]\"'\'']|]|\\.|"[^"]*"?|'\''[^'\'']*'\''?)+)'
    words=()
    while [[ $line =~ $pattern ]]; do
        words+=("${BASH_REMATCH[1]}")
        line=${line:${#BASH_REMATCH[0]}}
    done
    [[ -z $line && ${#words[@]} -gt 1 ]] || words+=('')
}

# Sets `kept` to the part of the last word that bash keeps. It takes what follows an = or : for a word of
# its own, and an @ and what follows it.
_bigfs_find_kept() {
    kept=${COMP_WORDS[COMP_CWORD]}
    [[ $kept != [=@:]* ]] || kept=${kept:1}
    kept=${words[-1]%"$kept"}
    kept=${kept%@}
}

# Adds those of these words that begin as the last of `words`.
_bigfs_offer() {
    local kept candidate
    _bigfs_find_kept
    for candidate in "$@"; do
        [[ $candidate != "${words[-1]}"* ]] || COMPREPLY+=("${candidate#"$kept"}")
    done
}

# Whether a value follows this option as the next word.
_bigfs_takes_value() {
    local option
    [[ $1 != --header ]] || return 1
    for option in $_bigfs_options; do
        [[ $1 != "${option%=}" || ($option != *= && $option != -o) ]] || return 0
    done
    return 1
}

# Adds the values of an option, after what stands before them in the word.
_bigfs_offer_values() {
    local option=${1//_/-} before=$2 values=() list=
    case $option in
    cache) values=(kernel none) ;;
    extents) values=(auto seek fiemap none) ;;
    views)
        list=${words[-1]#"$before"}
        [[ $list == *,* ]] && before+=${list%,*}, || list=
        values=(bytes lines rows extents whole)
        ;;
    log-level) values=(error warning notice info debug) ;;
    chunk-size | min-size | window-size) values=(1M 16M 64M 256M 1G) ;;
    window-total | decode-memory | index-space) values=(64M 256M 1G 4G) ;;
    rows) values=(10K 100K 1M) ;;
    header | threads) values=(1 2 4 8 16) ;;
    format) values=(csv=csv tsv=csv=tab fastq=fastq fq=fastq fasta=fasta fa=fasta) ;;
    index-dir)
        values=(none)
        _bigfs_offer_files -d "$before"
        ;;
    esac
    _bigfs_offer "${values[@]/#/$before}"
}

# Adds files (compgen's option -f) or directories (-d), after what stands before them in the word.
_bigfs_offer_files() {
    local kind=$1 before=$2 kept file files=()
    _bigfs_find_kept
    mapfile -t files < <(compgen "$kind" -- "$(_bigfs_plain "${words[-1]#"$before"}")")
    compopt -o filenames 2>/dev/null
    for file in "${files[@]}"; do
        file=$before$file
        COMPREPLY+=("${file#"$(_bigfs_plain "$kept")"}")
    done
}

# A word without its quotes and backslashes.
_bigfs_plain() {
    local word=${1//[\\\"\']/}
    [[ $word != '~'/* ]] || word=$HOME${word:1}
    printf '%s' "$word"
}

# The mountpoints of bigfs.
_bigfs_mountpoints() {
    local fields point
    while read -ra fields; do
        [[ " ${fields[*]} " == *' - fuse.bigfs '* ]] || continue
        printf -v point '%b' "${fields[4]//\\/\\0}"
        printf '%s\n' "$point"
    done 2>/dev/null </proc/self/mountinfo
}

# Sets `names` to the views that may be named where PART stands. PIN is the word of the content.
_bigfs_views() {
    local part=$1 pin=$2 view rest formats=(csv csv= fastq fasta nul) arguments=()
    names=()
    if [[ $part != *@* ]]; then
        for view in bytes lines rows; do
            names+=("$view" "$view@")
        done
        names+=(extents)
        return
    fi
    view=${part%%@*}
    rest=${part#*@}
    case $view in
    bytes) arguments=(from= to= "pin=$pin") ;;
    lines) arguments=(header header= "${formats[@]}" from= to= "pin=$pin") ;;
    rows) arguments=(header header= "${formats[@]}" "pin=$pin") ;;
    sorted) arguments=(header header= "${formats[@]}") ;;
    esac
    if [[ $rest == *,* ]]; then
        part=${part%,*},
    else
        part=$view@
        case $view in
        bytes | lines) arguments=(n2 n4 n8 n16 1M 16M 64M 256M 1G) ;;
        rows) arguments=(n2 n4 n8 n16 1K 10K 100K 1M) ;;
        esac
    fi
    names=("${arguments[@]/#/$part}")
}

# Completes names in the directory of a large file of a mount of bigfs, and nothing elsewhere.
_bigfs_names() {
    local words names=() directory before='' part name
    COMPREPLY=()
    _bigfs_split
    [[ ${words[-1]} != */* ]] || before=${words[-1]%/*}/
    part=${words[-1]##*/}
    directory=$(_bigfs_plain "${before:-./}")
    [[ -e ${directory}bytes.tsv ]] || return
    [[ $(findmnt -n -o FSTYPE -T "$directory" 2>/dev/null) == fuse.bigfs ]] || return
    _bigfs_views "$part" "$(<"${directory}pin")" 2>/dev/null
    if [[ $part == *@* ]]; then
        names+=("$part/" "$part.tsv" "$part.json" "$part.xxh128")
    else
        names+=(sorted sorted@ plain pin {bytes,lines,rows,extents}.{tsv,json,xxh128})
        mapfile -t -O "${#names[@]}" names < <(cd -- "$directory" && compgen -f -- "$part")
    fi
    mapfile -t names < <(printf '%s\n' "${names[@]}" | sort -u)
    for name in "${names[@]}"; do
        if [[ $name == *[@=] || ($name == *@* && $name != "$part"*[/.]*) ]]; then
            _bigfs_offer "$before$name" # more of it may follow
        elif [[ -d $directory$name ]]; then
            _bigfs_offer "$before${name%/}/"
        elif [[ -e $directory$name ]]; then
            _bigfs_offer "$before$name"
        fi
    done
}

_bigfs() {
    local words names word previous mode='' options=yes
    local -i i operands=0
    COMPREPLY=()
    _bigfs_split
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        case $options${words[i]} in
        yes--) options= ;;
        yes--index | yes--list | yes--unmount) mode=${words[i]} ;;
        yes-*) ! _bigfs_takes_value "${words[i]}" || i+=1 ;;
        *) operands+=1 ;;
        esac
    done
    word=${words[-1]}
    previous=${words[-2]}
    _bigfs_complete
    # A value follows an =, and more of a list or a view may follow.
    [[ ${COMPREPLY[*]} != *[=@/]* && $word != *[=@]* && $previous != -o ]] ||
        compopt -o nospace 2>/dev/null
}

# Adds what may stand where `word` does, after `previous`.
_bigfs_complete() {
    local before=''
    if [[ $options && ($previous == -o || $word == -o?*) ]]; then
        [[ $word != -o* ]] || before=-o
        [[ $word != *,* ]] || before=${word%,*},
        local last=${word#"$before"}
        if [[ $last == *=* ]]; then
            _bigfs_offer_values "${last%%=*}" "$before${last%%=*}="
        else
            read -d '' -ra names <<<"$_bigfs_mount_options"
            _bigfs_offer "${names[@]/#/$before}"
        fi
    elif [[ $options ]] && _bigfs_takes_value "$previous"; then
        _bigfs_offer_values "${previous#--}" ''
    elif [[ $options && $word == --*=* && $word != --help=* ]]; then
        before=${word%%=*}
        _bigfs_offer_values "${before#--}" "$before="
    elif [[ $options && $word == -* ]]; then
        read -d '' -ra names <<<"$_bigfs_options"
        _bigfs_offer "${names[@]}"
    elif [[ $mode == --unmount ]]; then
        mapfile -t names < <(_bigfs_mountpoints)
        compopt -o filenames 2>/dev/null
        _bigfs_offer "${names[@]}"
    elif [[ $mode == --list && $operands -gt 0 ]]; then
        _bigfs_views "${word#plain/}" ''
        [[ $word != plain/* ]] || names=("${names[@]/#/plain\/}")
        [[ $word == plain/* || $word == *@* ]] || names+=(plain/)
        _bigfs_offer "${names[@]}"
    elif [[ $mode || $operands -eq 0 ]]; then
        _bigfs_offer_files -f ''
    elif [[ $operands -eq 1 ]]; then
        _bigfs_offer_files -d ''
    fi
}

complete -F _bigfs bigfs
