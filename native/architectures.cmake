# tercet_code_options(known result): nvcc's options for what it knows of our architectures; `known` is what it prints when it is asked with --list-gpu-code.
function(tercet_code_options known result)
    string(REGEX MATCHALL "sm_[0-9]+[a-z]?" known "${known}")
    # PTX of compute_80 for newer cards: compute_75 has no tensor-core products.
    set(options -gencode arch=compute_75,code=sm_75 -gencode arch=compute_80,code=[sm_80,compute_80])
    foreach(card 86 89 90a 100)
        # The list leaves out the letter of architectures of their own.
        string(REGEX REPLACE "[a-z]$" "" listed ${card})
        if(sm_${card} IN_LIST known OR sm_${listed} IN_LIST known)
            list(APPEND options -gencode arch=compute_${card},code=sm_${card})
        endif()
    endforeach()
    set(${result} ${options} PARENT_SCOPE)
endfunction()
