# Examples are projects of their own, which say find_package(Waldo). Inside Waldo's tree that is
# this file, and Waldo is there already.
set(Waldo_FOUND TRUE)
