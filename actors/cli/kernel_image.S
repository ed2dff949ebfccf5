/* SPDX-License-Identifier: MIT */
/* kernel_image.S -- the kernel image inside the executable, aligned so that it can be mapped from the executable's file. */
        .section .atoll_image, "a", %progbits
        .balign 65536
        .globl  atoll_kernel_image
        .hidden atoll_kernel_image
        .globl  atoll_kernel_image_end
        .hidden atoll_kernel_image_end
atoll_kernel_image:
        .incbin KERNEL_IMAGE
atoll_kernel_image_end:
        .section .note.GNU-stack, "", %progbits
