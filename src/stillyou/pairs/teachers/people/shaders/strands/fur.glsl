// Fur and wool: lit along the hairs, with little shine.
void strand(inout Strand s) {
    if (params[1].w > .5) s.normal = normalize(s.world - params[1].xyz);
    float lit = mix(.5, 1., s.lit);
    s.normal = normalize(s.tangent * mix(.8, .35, params[0].x) + s.view * .35 + s.normal * mix(.5, .9, params[0].x));
    float nl = dot(s.normal, key_direction), along_light = dot(s.tangent, key_direction), across = sqrt(max(0., 1. - along_light * along_light));
    s.albedo *= .75 + .5 * s.shade;
    s.occlusion = mix(.72, 1., s.along);
    float wrapped = clamp((nl + .35) / 1.35, 0., 1.);
    s.diffuse = key_colour * lit * mix(across * wrapped, wrapped, .85) * 1.15 + rim_colour * clamp(dot(s.normal, rim_direction) + .2, 0., 1.) * .6;
    s.specular = ambient(s.normal) * .015 * (s.albedo + .03);
}
