# The kernels run on the host: under the address sanitizer where there is one, and with faults planted in them, which must be found.
set(TERCET_SIMULATION_TESTS simulation_tests semi_hard_tests loss_tests nearest_tests warp_group_tests)
# tercet_simulation_cases(target kernels): the tests as objects, compiled once for all the kernels that they are linked with.
function(tercet_simulation_cases target kernels)
    add_library(${target} OBJECT mining_problem.cpp semi_hard_problem.cpp loss_problem.cpp nearest_problem.cpp)
    foreach(family IN LISTS TERCET_SIMULATION_TESTS)
        target_sources(${target} PRIVATE ${family}.cpp)
    endforeach()
    get_target_property(options ${kernels} INTERFACE_COMPILE_OPTIONS)
    target_compile_options(${target} PRIVATE "$<$<BOOL:${options}>:${options}>")
    target_compile_definitions(${target} PRIVATE TERCET_HOST_SIM)
    target_include_directories(${target} PRIVATE ${TERCET_KERNEL_FOLDER} ${TERCET_SIMULATION_FOLDER})
    target_link_libraries(${target} PRIVATE tercet_native tercet_warnings)
endfunction()

function(tercet_simulation_tests name kernels cases)
    add_executable(${name} $<TARGET_OBJECTS:${cases}>)
    target_link_libraries(${name} PRIVATE ${kernels})
    set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
endfunction()

tercet_simulation_cases(simulation_cases simulated_kernels)
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_FLAGS -fsanitize=address)
check_cxx_source_compiles("int main() { return 0; }" TERCET_HAS_ADDRESS_SANITIZER)
unset(CMAKE_REQUIRED_FLAGS)
set(checked)
if(TERCET_HAS_ADDRESS_SANITIZER)
    set(checked _asan)
    tercet_simulated_kernels(simulated_kernels_asan ${TERCET_KERNEL_FOLDER} -fsanitize=address -fno-omit-frame-pointer)
    tercet_simulation_cases(simulation_cases_asan simulated_kernels_asan)
else()
    message(STATUS "This compiler has no address sanitizer: the kernels are simulated without it.")
endif()
tercet_simulation_tests(simulation_tests${checked} simulated_kernels${checked} simulation_cases${checked})
foreach(family IN LISTS TERCET_SIMULATION_TESTS)
    tercet_add_cases(simulation_tests${checked} ${family}.cpp ${family}${checked})
endforeach()

# The other way of switching stacks, which machines other than x86-64 use. Only the simulation's own sources know it: the kernels are linked as they are.
set(all_kernel_names ${TERCET_KERNEL_NAMES})
set(TERCET_KERNEL_NAMES)
tercet_simulated_kernels(simulated_kernels_ucontext ${TERCET_KERNEL_FOLDER} -DTERCET_UCONTEXT)
set(TERCET_KERNEL_NAMES ${all_kernel_names})
tercet_simulation_tests(simulation_tests_ucontext simulated_kernels_ucontext simulation_cases)
target_sources(simulation_tests_ucontext PRIVATE "$<FILTER:$<TARGET_OBJECTS:simulated_kernels>,EXCLUDE,/(simulation|asynchronous|fiber)[.]cpp>")
add_test(NAME simulation_tests_ucontext COMMAND simulation_tests_ucontext every_schedule_gives_the_oracles_extremes)

# tercet_kernels_that_read(file result): the kernels' files that are the file, or include it by whatever way.
function(tercet_kernels_that_read file result)
    set(readers ${file})
    set(before)
    file(GLOB sources ${TERCET_KERNEL_FOLDER}/*.cu ${TERCET_KERNEL_FOLDER}/*.h)
    while(NOT readers STREQUAL before)
        set(before ${readers})
        list(JOIN readers "|" pattern)
        string(REPLACE "." "[.]" pattern "${pattern}")
        foreach(source IN LISTS sources)
            file(STRINGS ${source} lines REGEX "^#include \"(${pattern})\"")
            if(lines)
                get_filename_component(base ${source} NAME)
                list(APPEND readers ${base})
            endif()
        endforeach()
        list(REMOVE_DUPLICATES readers)
    endwhile()
    list(FILTER readers INCLUDE REGEX "[.]cu$")
    list(REMOVE_ITEM readers all.cu)
    list(TRANSFORM readers REPLACE "[.]cu$" "")
    set(${result} ${readers} PARENT_SCOPE)
endfunction()

# tercet_planted_fault(name file right wrong case expected options...): the kernels with one piece of a file replaced; the test case must fail with what is expected.
function(tercet_planted_fault name file right wrong case expected)
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/faults/${name})
    file(GLOB sources CONFIGURE_DEPENDS ${TERCET_KERNEL_FOLDER}/*.cu ${TERCET_KERNEL_FOLDER}/*.h)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources})
    foreach(source IN LISTS sources)
        get_filename_component(base ${source} NAME)
        file(READ ${source} text)
        if(base STREQUAL file)
            string(FIND "${text}" "${right}" found)
            if(found EQUAL -1)
                message(FATAL_ERROR "The planted fault ${name} finds nothing to replace in ${file}.")
            endif()
            string(REPLACE "${right}" "${wrong}" text "${text}")
        endif()
        file(CONFIGURE OUTPUT ${folder}/${base} CONTENT "${text}" @ONLY)
    endforeach()
    set(sound simulated_kernels)
    set(cases simulation_cases)
    if(ARGN)
        set(sound simulated_kernels_asan)
        set(cases simulation_cases_asan)
    endif()
    # Only what reads the faulty file is compiled again; all else is linked as it is.
    tercet_kernels_that_read(${file} TERCET_KERNEL_NAMES)
    set(TERCET_SIMULATION_SOURCES)
    list(JOIN TERCET_KERNEL_NAMES "|" faulty)
    tercet_simulated_kernels(faulty_${name} ${folder} ${ARGN})
    tercet_simulation_tests(fault_${name} faulty_${name} ${cases})
    target_sources(fault_${name} PRIVATE "$<FILTER:$<TARGET_OBJECTS:${sound}>,EXCLUDE,/(${faulty})[.]cpp>")
    add_test(NAME planted_fault.${name} COMMAND fault_${name} ${case})
    set_tests_properties(planted_fault.${name} PROPERTIES PASS_REGULAR_EXPRESSION "${expected}")
endfunction()

set(wrong_answers "answers differ from the oracle")
tercet_planted_fault(barrier_after_load_missing tile_simt.h
    "device::barrier();  // the first step is loaded" "" every_schedule_gives_the_oracles_extremes "${wrong_answers}")
tercet_planted_fault(barrier_between_steps_missing tile_simt.h
    "device::barrier();  // the next step is loaded, and this one's buffer may be overwritten" "" every_schedule_gives_the_oracles_extremes "${wrong_answers}")
tercet_planted_fault(barrier_before_overwriting_missing prepare.cu
    "device::barrier();  // the square may be overwritten" "" prepare_packs_rows_and_takes_norms "CHECK.*packed.*failed")
tercet_planted_fault(barrier_before_limits_missing extremes_simt.cu
    "device::barrier();  // every warp's minima are there" "" every_schedule_gives_the_oracles_extremes "${wrong_answers}")
tercet_planted_fault(step_used_before_it_is_there tile_mma.h
    "device::wait_for_copies();" "" every_schedule_gives_the_oracles_tensor_core_extremes "${wrong_answers}")
tercet_planted_fault(barrier_between_mma_steps_missing tile_mma.h
    "device::barrier();  // the step is loaded, and the one before is multiplied" "" every_schedule_gives_the_oracles_tensor_core_extremes "${wrong_answers}")
tercet_planted_fault(low_halves_forgotten tile_mma.h
    "device::multiply_fragments(parts[0], row_low, high.x, high.z);" "" tensor_core_scores_of_short_rows_are_within_the_tolerance "CHECK.problem.imprecise.. == 0. failed")
tercet_planted_fault(one_sum_for_all_steps tile_mma.h
    "float parts[2][4] = {};" "float parts[2][4] = {}; for (int i = 0; i < 4; ++i) { parts[0][i] = sums[m][2 * kHalf][i]; sums[m][2 * kHalf][i] = 0.0f; }"
    tensor_core_scores_of_long_rows_are_within_the_tolerance "CHECK.problem.imprecise.. == 0. failed")
tercet_planted_fault(limit_without_tolerance limits.h
    "2.001f *" "-2.001f *" every_schedule_gives_the_oracles_extremes "${wrong_answers}")
tercet_planted_fault(barrier_between_sums_missing moments.cu
    "device::barrier();  // every sum is there" "" moments_are_those_of_plain_loops "CHECK.*squared_norms.*failed")
tercet_planted_fault(barrier_between_ranking_steps_missing nearest_decide.cu
    "device::barrier();  // the step is done" "" every_schedule_gives_the_oracles_nearest_rows "${wrong_answers}")
tercet_planted_fault(barrier_before_ranking_missing nearest_decide.cu
    "device::barrier();  // every row of this turn is there" "" every_schedule_gives_the_oracles_nearest_rows "${wrong_answers}")
tercet_planted_fault(barrier_between_sorting_steps_missing positives.cu
    "device::barrier();  // the step is done" "" positives_are_sorted_by_their_exact_distances "CHECK.wrong == 0. failed")
tercet_planted_fault(doubt_forgotten ranks.h
    "thresholds[rank] > key + doubt" "thresholds[rank] >= key" every_schedule_gives_the_oracles_semi_hard_negatives "${wrong_answers}")
tercet_planted_fault(barrier_after_staging_missing semi_hard_tile.h
    "device::barrier();  // the quarter's keys are there" "" every_schedule_gives_the_oracles_semi_hard_negatives "${wrong_answers}")
tercet_planted_fault(barrier_before_staging_missing semi_hard_tile.h
    "device::barrier();  // what was in shared memory before has been read" "" every_schedule_gives_the_oracles_tensor_core_semi_hard_negatives "${wrong_answers}")
tercet_planted_fault(tensor_core_doubt_forgotten ranks.h
    "thresholds[rank - 1] < key - doubt" "thresholds[rank - 1] < key" every_schedule_gives_the_oracles_tensor_core_semi_hard_negatives "${wrong_answers}")
tercet_planted_fault(low_halves_forgotten_in_semi_hard tile_mma.h
    "device::multiply_fragments(parts[0], row_high, low.x, low.z);" "" every_schedule_gives_the_oracles_tensor_core_semi_hard_negatives "${wrong_answers}")
tercet_planted_fault(keys_out_of_reach_too_soon semi_hard_tile.h
    "doubtful > limit ? doubtful : limit" "doubtful > limit ? doubtful : doubtful" every_schedule_gives_the_oracles_semi_hard_negatives "${wrong_answers}")
tercet_planted_fault(doubtful_keys_do_not_contend semi_hard_tile.h
    "live &= certain && keys[j] > best" "live &= keys[j] > best + (certain ? 0.0f : 0.0f)" semi_hard_negatives_next_to_positives_are_the_oracles "${wrong_answers}")
tercet_planted_fault(filling_rows_keep_their_weights loss_weights_simt.cu
    "target[item] = 0.0f;" "static_cast<void>(target[item]);" loss_over_several_segments_and_panels_of_dimensions_is_the_oracles "[1-9][0-9]* components of the gradient too far off")
tercet_planted_fault(small_keys_stay_float32 loss_weights_simt.cu
    "kSmallKeyFactor = 1024.0f" "kSmallKeyFactor = 0.0f" every_schedule_gives_the_oracles_loss "; 0 components of the gradient too far off")
tercet_planted_fault(image_used_before_it_is_there extremes_wgmma.cu
    "device::wait_for_phase(barriers.full[group][columns_place.slot], columns_place.parity);" "" every_schedule_gives_the_oracles_warp_group_extremes "${wrong_answers}")
tercet_planted_fault(slot_overwritten_before_it_is_left extremes_wgmma.cu
    "device::wait_for_phase(barriers.empty[group][place.slot], place.parity ^ 1);" "" every_schedule_gives_the_oracles_warp_group_extremes
    "more arrivals at a phase than it has")
tercet_planted_fault(rows_overwritten_before_they_are_left extremes_wgmma.cu
    "device::wait_for_phase(barriers.rows_empty[place.slot], place.parity ^ 1);" "" every_schedule_gives_the_oracles_warp_group_extremes
    "wait for a phase that nothing will end")
tercet_planted_fault(slot_left_before_its_products_are_done extremes_wgmma.cu
    "device::wait_for_products<1>();" "" every_schedule_gives_the_oracles_warp_group_extremes "${wrong_answers}")
tercet_planted_fault(slot_overwritten_before_the_other_block_left_it extremes_wgmma.cu
    "device::arrive_in(barrier, device::lane());" "device::arrive(barrier);" every_schedule_gives_the_oracles_warp_group_extremes "${wrong_answers}")
tercet_planted_fault(first_turn_that_nobody_gives extremes_wgmma.cu
    "group == 0 ? turn ^ 1 : turn" "turn" every_schedule_gives_the_oracles_warp_group_extremes "wait for a phase that nothing will end")
tercet_planted_fault(turns_while_rows_stream_by extremes_wgmma.cu
    "const bool takes_turns = slots.rows_stay();" "const bool takes_turns = true;" every_schedule_gives_the_oracles_warp_group_extremes "wait for a phase that nothing will end")
tercet_planted_fault(half_an_image_for_one_block_only extremes_wgmma.cu
    "device::copy_bulk_to_cluster(" "device::copy_bulk(" every_schedule_gives_the_oracles_warp_group_extremes "wait for a phase that nothing will end")
tercet_planted_fault(other_block_begins_before_barriers_are_there extremes_wgmma.cu
    "device::cluster_barrier();  // barriers are there, in both blocks" "device::barrier();" every_schedule_gives_the_oracles_warp_group_extremes "wait for a phase that nothing will end")
tercet_planted_fault(block_ends_before_the_other_is_done extremes_wgmma.cu
    "device::cluster_barrier();  // nothing more comes from the other block" "" every_schedule_gives_the_oracles_warp_group_extremes
    "the memory of a block that has ended is written")
tercet_planted_fault(rectangle_without_its_lower_half extremes_wgmma.cu
    "is_symmetric && row_panel > column_panel" "row_panel > column_panel" warp_group_extremes_of_anchors_against_a_gallery_are_the_oracles "${wrong_answers}")
tercet_planted_fault(gallery_rows_taken_for_anchors extremes_wgmma.cu
    "is_symmetric && row_panel != column_panel" "row_panel != column_panel" warp_group_extremes_of_anchors_against_a_gallery_are_the_oracles "${wrong_answers}")
tercet_planted_fault(image_without_swizzle prepare_images.cu
    "swizzled_piece(row, piece)" "row * kImageDepth * 2 + piece * 16" every_schedule_gives_the_oracles_warp_group_extremes "CHECK.problem.imprecise.. == 0. failed")
if(TERCET_HAS_ADDRESS_SANITIZER)
    tercet_planted_fault(column_past_the_last loss_weights_simt.cu
        "row < arguments.rows.count ? row : arguments.rows.count - 1" "row < arguments.rows.count ? row : row" every_schedule_gives_the_oracles_loss
        "AddressSanitizer: heap-buffer-overflow" -fsanitize=address -fno-omit-frame-pointer)
    tercet_planted_fault(anchor_past_the_last semi_hard_tile.h
        "if (anchor >= arguments.anchors.count)" "if (false)" every_schedule_gives_the_oracles_semi_hard_negatives
        "AddressSanitizer: heap-buffer-overflow" -fsanitize=address -fno-omit-frame-pointer)
    tercet_planted_fault(bounds_check_missing prepare.cu
        "position < rows.count && k < rows.depth" "k < rows.depth" prepare_packs_rows_and_takes_norms "AddressSanitizer: heap-buffer-overflow"
        -fsanitize=address -fno-omit-frame-pointer)
    tercet_planted_fault(column_past_the_last_anchor mining_tile.h
        "return {kNothing, 0u, 0.0f};" "" every_schedule_gives_the_oracles_extremes "AddressSanitizer: heap-buffer-overflow"
        -fsanitize=address -fno-omit-frame-pointer)
endif()
