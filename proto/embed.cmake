# cmake -DIN=file -DOUT=file.c -DNAME=symbol -P embed.cmake: a file as a C array and its size.
file(READ ${IN} hex HEX)
string(LENGTH "${hex}" n)
math(EXPR n "${n} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," body "${hex}")
file(WRITE ${OUT} "#include <stddef.h>\nextern const unsigned char ${NAME}[];\nextern const size_t ${NAME}_size;\nconst unsigned char ${NAME}[] = {${body}};\nconst size_t ${NAME}_size = ${n};\n")
