# The tests need llama.cpp's library alone: without the tools around it, it compiles in a minute.
set(LLAMA_BUILD_COMMON OFF)
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O1 -DNDEBUG")
