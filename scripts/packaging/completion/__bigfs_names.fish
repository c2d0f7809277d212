# SPDX-License-Identifier: MIT
# Names in the directory of a large file of a mount of bigfs, listed or not, and nothing elsewhere. With
# --views, the views of any file. See bigfs.fish.
function __bigfs_names
    set -l word (string unescape -- (commandline -ct))
    set -l before (string match -r '^.*/' -- $word; or echo)
    set -l part (string replace -r '^.*/' '' -- $word)
    set -l directory
    if test "$argv[1]" = --views
        printf '%s\n' $before{bytes,lines,rows,bytes@,lines@,rows@,extents}
        test -n "$before"; or printf '%s\n' plain/{bytes,lines,rows,bytes@,lines@,rows@}
    else
        set directory (string replace -r '^~/' $HOME/ -- "$before")
        test -n "$directory"; or set directory ./
        test -e "$directory"bytes.tsv; or return
        test "$(findmnt -n -o FSTYPE -T $directory 2>/dev/null)" = fuse.bigfs; or return
        for name in {bytes,lines,rows,extents}{,.tsv,.json,.xxh128} sorted plain pin
            if test -d $directory$name
                printf '%s/\n' $before$name
            else if test -e $directory$name
                printf '%s\n' $before$name
            end
        end
        printf '%s\n' $before{bytes,lines,rows,sorted}@
    end
    string match -q '*@*' -- $part; or return
    __bigfs_arguments "$before" $part "$directory"
end

# The arguments of a view, after those that PART has.
function __bigfs_arguments -a before part directory
    set -l view (string replace -r '@.*' '' -- $part)
    set -l formats csv csv= fastq fasta nul
    set -l pin pin=(test -n "$directory"; and command cat $directory/pin 2>/dev/null; or echo)
    set -l arguments
    set -l given (string match -r '^.*,' -- $part; or echo $view@)
    switch $view
        case bytes
            set arguments from= to= $pin
        case lines
            set arguments header header= $formats from= to= $pin
        case rows
            set arguments header header= $formats $pin
        case sorted
            set arguments header header= $formats
    end
    if not string match -q '*,*' -- $part
        switch $view
            case bytes lines
                set arguments n2 n4 n8 n16 1M 16M 64M 256M 1G
            case rows
                set arguments n2 n4 n8 n16 1K 10K 100K 1M
        end
    end
    printf '%s\n' $before$given$arguments
    if test -n "$directory"; and test -d $directory$part
        printf '%s\n' $before$part{/,.tsv,.json,.xxh128}
    end
end
