// Hair of head, brows and beard. params: 0 how much lighter roots are than in a full head of hair (brows 1)
void strand(inout Strand s) {
    vec3 n = s.normal, t = s.tangent;
    float nl = dot(n, key_direction), across = sqrt(max(0., 1. - pow(dot(t, key_direction), 2.)));
    s.albedo *= .72 + .56 * s.shade;
    s.occlusion = mix(mix(.42, 1., smoothstep(0., .4, s.along)), .92, params[0].x);
    float lit = clamp((nl + .35) / 1.35, 0., 1.);
    s.diffuse = key_colour * s.lit * mix(across * lit, lit, .4) * .9 + rim_colour * clamp(dot(n, rim_direction) + .2, 0., 1.) * .6;
    // Two highlights (Marschner's R and TRT): white, shifted to the root; coloured, to the tip.
    vec3 h = normalize(key_direction + s.view), hr = normalize(rim_direction + s.view);
    float jitter = .16 * (s.shade - .5);
    vec3 first = normalize(t + n * (.06 + jitter)), second = normalize(t + n * (-.09 + jitter));
    float a = sqrt(max(0., 1. - pow(dot(first, h), 2.))), b = sqrt(max(0., 1. - pow(dot(second, h), 2.)));
    float r = sqrt(max(0., 1. - pow(dot(second, hr), 2.)));
    s.specular = key_colour * s.lit * clamp(nl + .3, 0., 1.) * (pow(a, 50.) * .045 + pow(b, 18.) * .42 * (s.albedo + .012));
    s.specular += rim_colour * clamp(dot(n, rim_direction) + .1, 0., 1.) * pow(r, 20.) * .45 * (s.albedo + .015);
    s.specular += ambient(n) * .10 * (s.albedo + .03);
    s.specular *= 1. - .75 * params[0].x;
}
