#version 430
in vec2 uv;
out vec4 number;
uniform sampler2D base, direct;

void main() { number = vec4(texelFetch(direct, ivec2(gl_FragCoord.xy), 0).a > 900. ? 0. : texelFetch(base, ivec2(gl_FragCoord.xy), 0).a / 255.); }
