# The tests need llama.cpp's library alone: without the tools around it, it compiles in a minute.
set(LLAMA_BUILD_COMMON OFF)
