# SPDX-License-Identifier: MIT
# Completion of bigfs for fish. For names in a mount that can be opened but are not listed, such as
# lines@n16/ or pin, with other commands too, put this into ~/.config/fish/config.fish:
#
#     for command in cat grep head ls tail wc; complete -c $command -a '(__bigfs_names)'; end

# Whether this command (index, list, unmount, or mount for none of them) is completed, and so many
# operands are there already (if a number is given).
function __bigfs_is
    set -l words (commandline -opc)[2..]
    set -l mode mount
    set -l operands 0
    set -l skip no
    for word in $words
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case --index --list --unmount
                set mode (string sub -s 3 -- $word)
            case -o --chunk-size --rows --min-size --views --format --record --index-dir \
                    --index-space --window-size --window-total --decode-memory --cache --extents \
                    --threads --log-level
                set skip yes
            case '-*'
            case '*'
                set operands (math $operands + 1)
        end
    end
    contains -- $mode (string split , -- $argv[1]); or return 1
    test (count $argv) -lt 2; or test $operands -eq $argv[2]
end

function __bigfs_mountpoints
    string match -r '.* - fuse\.bigfs .*' </proc/self/mountinfo | while read -l line
        printf '%b\n' (string replace -ra '\\\\([0-7]{3})' '\\\\0$1' -- (string split ' ' -- $line)[5])
    end
end

# The options for -o: after the last comma of the word.
function __bigfs_list_options
    set -l before (string match -r '^.*,' -- (commandline -ct | string replace -r '^-o' ''); or echo)
    set -l sizes 1M 16M 64M 256M 1G
    printf '%s\n' $before{chunk_size=,min_size=,window_size=}$sizes \
        $before{window_total=,decode_memory=,index_space=}{64M,256M,1G,4G} \
        {$before}rows={10K,100K,1M} {$before}views={bytes,lines,rows,extents,whole} \
        $before{header,header=,record=,index_dir=,foreground,debug,fsname=} \
        {$before}format={csv=csv,tsv=csv=tab,fastq=fastq,fasta=fasta} \
        {$before}cache={kernel,none} {$before}extents={auto,seek,fiemap,none} \
        {$before}threads={1,2,4,8,16} {$before}log_level={error,warning,notice,info,debug} \
        $before{allow_other,allow_root,noexec,noatime}
end

function __bigfs_views_listed
    set -l before (string match -r '^.*,' -- (commandline -ct | string replace -r '^--views=' ''); or echo)
    printf '%s\n' $before{bytes,lines,rows,extents,whole}
end

set -l reads 'not __bigfs_is unmount'
set -l mounts '__bigfs_is mount'
set -l shows '__bigfs_is mount,list'
set -l sizes '1M 16M 64M 256M 1G'
set -l larger '64M 256M 1G 4G'

complete -c bigfs -f
complete -c bigfs -n $reads -l chunk-size -xa $sizes -d 'Size of the pieces in bytes/ and lines/'
complete -c bigfs -n $shows -l rows -xa '10K 100K 1M' -d 'Number of records in each piece of rows/'
complete -c bigfs -n $reads -l min-size -xa $sizes -d 'Show smaller files as files'
complete -c bigfs -n $mounts -l views -xa '(__bigfs_views_listed)' -d 'Show only these in listings'
complete -c bigfs -n $shows -l header -d 'Begin each piece with the first records'
complete -c bigfs -n $reads -l format -d 'Cut records of files with this extension' \
    -xa 'csv=csv tsv=csv=tab fastq=fastq fq=fastq fasta=fasta fa=fasta'
complete -c bigfs -n $reads -l record -x -d 'Define a record by a regular expression'
complete -c bigfs -n $reads -l index-dir -xa 'none (__fish_complete_directories)' \
    -d 'Where indexes are kept'
complete -c bigfs -n $reads -l index-space -xa $larger -d 'Room for all indexes'
complete -c bigfs -n $reads -l window-size -xa $sizes -d 'Map at most this much in one piece'
complete -c bigfs -n $reads -l window-total -xa $larger -d 'Map at most this much of all files'
complete -c bigfs -n $reads -l decode-memory -xa $larger -d 'Decode with at most this much memory'
complete -c bigfs -n $mounts -l cache -xa 'kernel none' -d 'Where pieces are cached'
complete -c bigfs -n $reads -l extents -xa 'auto seek fiemap none' -d 'How holes are found'
complete -c bigfs -n $mounts -l threads -xa '1 2 4 8 16' -d 'Read for this many requests at once'
complete -c bigfs -n $reads -l log-level -xa 'error warning notice info debug' -d 'What is logged'
complete -c bigfs -n $mounts -s f -l foreground -d 'Stay in the foreground'
complete -c bigfs -n $mounts -s d -l debug -d 'Show every request'
complete -c bigfs -n $mounts -s o -xa '(__bigfs_list_options)' -d 'Mount options'
complete -c bigfs -n $mounts -l index -d 'Make indexes and maps ahead of time'
complete -c bigfs -n $mounts -l list -d 'Write the table of a view'
complete -c bigfs -n '__bigfs_is list' -l json -d 'Write the table as JSON'
complete -c bigfs -n $mounts -l unmount -d 'End a mount'
complete -c bigfs -s h -l help -d 'Show help'
complete -c bigfs -a --help=all -n 'string match -q -- "--h*" (commandline -ct)' -d 'Show all help'
complete -c bigfs -s V -l version -d 'Show the version'

complete -c bigfs -n '__bigfs_is mount 0' -F
complete -c bigfs -n '__bigfs_is mount 1' -a '(__fish_complete_directories)'
complete -c bigfs -n '__bigfs_is index' -F
complete -c bigfs -n '__bigfs_is list 0' -F
complete -c bigfs -n '__bigfs_is list 1' -a '(__bigfs_names --views)'
complete -c bigfs -n '__bigfs_is unmount 0' -a '(__bigfs_mountpoints)'
