# Writes the commit of SOURCE to FILE, if FILE says another. Run in every build: a configured folder outlives commits.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
  set(commit unknown)
endif()
set(said "namespace fedorbit {\ninline constexpr const char* built_from = \"${commit}\";\n}\n")
if(EXISTS ${FILE})
  file(READ ${FILE} known)
endif()
if(NOT "${known}" STREQUAL "${said}")
  file(WRITE ${FILE} "${said}")
endif()
