# fedorbit_layer(NAME [USES layers...]): the sources below src/NAME as a static library. Includes are written from src/.
# No source of the core sees LibTorch: its copy of fmt and the one spdlog is built with cannot meet.
set(external_core spdlog::spdlog tomlplusplus::tomlplusplus OpenSSL::Crypto)
set(external_io torch::cpu hdf5 GDAL::GDAL nlohmann_json::nlohmann_json)
set(external_comm torch::cpu MPI::MPI_C)
set(external_data ICU::uc)
set(external_model ZLIB::ZLIB PkgConfig::PCRE2 ICU::uc nlohmann_json::nlohmann_json)
set(external_algorithms PkgConfig::ZSTD)
if(FEDORBIT_CUDA)
  list(APPEND external_comm torch_cuda)
  list(APPEND external_model torch_cuda)
endif()

if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64 AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)  # clang: not for templates
  set(vector_clones "__attribute__((target_clones(\"arch=x86-64-v4\",\"arch=x86-64-v3\",\"default\")))")
  set(wide_lanes "__builtin_cpu_supports(\"x86-64-v4\")")
else()
  set(wide_lanes false)
endif()

function(fedorbit_layer name)
  cmake_parse_arguments(layer "" "" "USES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(FEDORBIT_CUDA)
    file(GLOB_RECURSE kernels CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cu)
    list(APPEND sources ${kernels})
    list(FILTER sources EXCLUDE REGEX "_none\\.cpp$")
  else()
    list(FILTER sources EXCLUDE REGEX "(/nccl|_cuda)\\.cpp$")
  endif()
  add_library(fedorbit_${name} STATIC ${sources})
  set_source_files_properties(core/version.cpp PROPERTIES COMPILE_DEFINITIONS
    "FEDORBIT_VERSION=\"${PROJECT_VERSION}\"")
  if(name STREQUAL core)
    add_custom_target(built_from BYPRODUCTS ${CMAKE_CURRENT_BINARY_DIR}/built_from/built_from.hpp
      COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DFILE=${CMAKE_CURRENT_BINARY_DIR}/built_from/built_from.hpp
        -P ${CMAKE_CURRENT_SOURCE_DIR}/built_from.cmake)
    add_dependencies(fedorbit_core built_from)
    target_include_directories(fedorbit_core PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/built_from)
  endif()
  set(embedded ${CMAKE_CURRENT_SOURCE_DIR}/model/checkpoints/embedded/clip.safetensors)
  set_source_files_properties(model/checkpoints/embedded.cpp PROPERTIES
    COMPILE_DEFINITIONS "FEDORBIT_EMBEDDED_CLIP=\"${embedded}\"" OBJECT_DEPENDS ${embedded})
  # Loops over rows are compiled for several instruction sets; the loader takes the best that the processor has.
  set_source_files_properties(model/towers/row_kernels.cpp model/prompts/tree_attention.cpp
    model/towers/dense_attention.cpp model/networks/group_norm_kernels.cpp data/resize.cpp PROPERTIES
    COMPILE_OPTIONS "-fopenmp-simd;-O3;-ffp-contract=fast" COMPILE_DEFINITIONS "FEDORBIT_CLONES=${vector_clones}"
    SKIP_UNITY_BUILD_INCLUSION ON)
  # These have vectors of their own (model/towers/lanes.hpp), which no call passes: how they would be passed is no worry.
  set_property(SOURCE model/prompts/tree_attention.cpp model/networks/group_norm_kernels.cpp
    APPEND PROPERTY COMPILE_OPTIONS -Wno-psabi)
  set_property(SOURCE model/prompts/tree_attention.cpp APPEND PROPERTY COMPILE_DEFINITIONS "FEDORBIT_WIDE_LANES=${wide_lanes}")
  # The same, where bits are promised to be those of separate multiplications and additions.
  set_source_files_properties(algorithms/optimiser_rows.cpp algorithms/magnitudes.cpp algorithms/codecs/levels.cpp
    federation/exact_sum.cpp algorithms/row_norm.cpp data/colours.cpp
    PROPERTIES COMPILE_OPTIONS "-fopenmp-simd;-O3;-ffp-contract=off;-fno-math-errno;-fno-trapping-math"
    COMPILE_DEFINITIONS "FEDORBIT_CLONES=${vector_clones}" SKIP_UNITY_BUILD_INCLUSION ON)
  # Six sources to a compiler run: most of the work is in reading LibTorch's headers.
  if(FEDORBIT_UNITY)
    set_target_properties(fedorbit_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
  endif()
  target_include_directories(fedorbit_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(fedorbit_${name} PUBLIC ${external_${name}})
  foreach(lower IN LISTS layer_USES)
    target_link_libraries(fedorbit_${name} PUBLIC fedorbit_${lower})
  endforeach()
  if(FEDORBIT_CUDA AND name STREQUAL comm)
    target_compile_definitions(fedorbit_comm PRIVATE FEDORBIT_CUDA)  # for the factory alone
  endif()
endfunction()
