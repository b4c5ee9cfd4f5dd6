# Which architectures a module is built for, by what a compiler lists. Run as a script.
cmake_minimum_required(VERSION 3.22)
include(${CMAKE_CURRENT_LIST_DIR}/../../native/architectures.cmake)

function(check known expected)
    tercet_code_options("${known}" options)
    list(FILTER options EXCLUDE REGEX "^-gencode$")
    list(TRANSFORM options REPLACE "^.*code=" "")
    if(NOT "${options}" STREQUAL "sm_75;[sm_80,compute_80]${expected}")
        message(SEND_ERROR "'${known}' gives ${options}")
    endif()
endfunction()

check("sm_75\nsm_80\nsm_86\nsm_87\nsm_89\nsm_90\n" ";sm_86;sm_89;sm_90a")
check("sm_75\r\nsm_80\r\nsm_86\r\nsm_89\r\nsm_90\r\nsm_100" ";sm_86;sm_89;sm_90a;sm_100")
check("sm_80\nsm_90a" ";sm_90a")
check("sm_75\nsm_80\nsm_103\n" "")
