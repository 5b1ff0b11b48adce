# protoc-c 1.4 makes a member of every method of a service, named in lower case, and `Register` becomes a word of C.
# Appends "_" to members that are keywords: -DFILE=<generated header>.
file(READ ${FILE} text)
foreach(word register default switch break continue return static auto signed unsigned delete new)
    string(REPLACE "(*${word})(" "(*${word}_)(" text "${text}")
endforeach()
file(WRITE ${FILE} "${text}")
